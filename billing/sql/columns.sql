-- The columns of a usage record.
provider, request_id, client_request_id, sku, used_at, service_tier, input, output, cache_read, cache_write_5m,
cache_write_1h, cache_write_unsplit, web_searches, unknown_fields, status, error_status, error_code, error_type,
charged, unit, project, api_key_id, tags, is_snapshot, id_hash, file_id, line
