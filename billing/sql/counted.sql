-- The usage that a line tells, member by member, as raw JSON.
SELECT
    t.*,
    u.input_tokens AS i,
    u.output_tokens AS o,
    u.cache_read_input_tokens AS r,
    u.cache_creation_input_tokens AS w,
    u.cache_creation AS split,
    u.server_tool_use AS tools,
    u.service_tier AS tier,
    u.inference_geo AS geo,
    u.speed,
    from_json(u.cache_creation, '{"ephemeral_5m_input_tokens":"JSON","ephemeral_1h_input_tokens":"JSON"}') AS s,
    from_json(u.server_tool_use, '{"web_search_requests":"JSON","web_fetch_requests":"JSON"}') AS n,
    from_json(error, '{"code":"JSON","type":"JSON"}') AS e
FROM (
    SELECT
        *,
        from_json(usage, '{"input_tokens":"JSON","output_tokens":"JSON","cache_read_input_tokens":"JSON",
            "cache_creation_input_tokens":"JSON","cache_creation":"JSON","server_tool_use":"JSON","service_tier":"JSON",
            "inference_geo":"JSON","speed":"JSON"}') AS u
    FROM told
) AS t
