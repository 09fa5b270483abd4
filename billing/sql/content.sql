-- All that is billed of a record, as one text: equal texts tell the same of a request. What parts it is in no text of ours.
concat_ws(
    chr(31), COALESCE(provider, ''), sku, input, output, cache_read, cache_write_5m, cache_write_1h, cache_write_unsplit,
    web_searches, service_tier, COALESCE(unknown_fields, ''), status, COALESCE(CAST(charged AS VARCHAR), ''),
    COALESCE(unit, ''), COALESCE(CAST(error_status AS VARCHAR), ''), COALESCE(error_code, '')
)
