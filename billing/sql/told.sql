-- What tells of a rate in a request of the evidence.
number, input, output, cache_read, cache_write_5m, cache_write_1h, cache_write_unsplit, web_searches, charged
