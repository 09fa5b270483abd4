"""Which records are the same request: settled in SQL, the same whatever came first.

Of all that is told of one id the ledger keeps one record. The others are duplicates (the same content), superseded (an
earlier snapshot of it, or one that tells less) or conflicts (other money, other usage), and conflicts are kept to show.
"""

from collections import Counter
from dataclasses import dataclass

from billing.ledger import Ledger
from billing.queries import chain

_COLUMNS = """provider, request_id, client_request_id, sku, used_at, service_tier, input, output, cache_read,
    cache_write_5m, cache_write_1h, cache_write_unsplit, web_searches, unknown_fields, status, error_status,
    error_code, error_type, charged, unit, project, api_key_id, tags, is_snapshot, content_digest, file_digest,
    path, line"""


@dataclass(frozen=True, slots=True)
class Settled:
    """How many of the staged records are what, and the ids that seem to stand for several requests each."""

    imported: int
    duplicate: int
    superseded: int
    conflict: int
    reused_ids: tuple[str, ...]


def settle(ledger: Ledger) -> Settled:
    """Move the staged records into the ledger, each id once. To be called inside a transaction."""
    run = ledger.connection.execute
    ledger.keep("judged", chain("contested", "ranked", "judged"))
    plain = f"""
        INSERT INTO usage_records SELECT {_COLUMNS} FROM stage AS s WHERE NOT EXISTS (
            SELECT 1 FROM judged AS j WHERE j.request_id = s.request_id AND j.id_provider = COALESCE(s.provider, '')
        )"""  # noqa: S608 - a list of our own columns
    ((uncontested,),) = run(plain).fetchall()
    # What loses its place in the ledger, or never gets one, is kept if it says something else about money or usage.
    run(f"""
        INSERT INTO conflicts SELECT {_COLUMNS}, reason FROM (
            SELECT j.*, ROW_NUMBER() OVER (
                PARTITION BY j.id_provider, j.request_id, j.content_digest ORDER BY j.file_digest, j.line
            ) AS nth
            FROM (
                SELECT * FROM judged WHERE place > 1 AND is_new AND verdict = 'conflict'
                UNION ALL
                SELECT l.* REPLACE (w.reason AS reason) FROM judged AS l
                INNER JOIN judged AS w ON w.id_provider = l.id_provider AND w.request_id = l.request_id
                WHERE w.place = 1 AND w.is_new AND w.verdict = 'conflict' AND NOT l.is_new
            ) AS j
        ) AS n
        WHERE nth = 1 AND NOT EXISTS (
            SELECT 1 FROM conflicts AS c
            WHERE c.request_id = n.request_id AND COALESCE(c.provider, '') = n.id_provider
                AND c.content_digest = n.content_digest
        )""")  # noqa: S608 - a list of our own columns
    run("""
        DELETE FROM usage_records AS u USING judged AS w
        WHERE w.place = 1 AND w.is_new AND u.request_id = w.request_id AND COALESCE(u.provider, '') = w.id_provider""")
    run(f"INSERT INTO usage_records SELECT {_COLUMNS} FROM judged WHERE place = 1 AND is_new")  # noqa: S608 - the same
    number = Counter(dict(ledger.rows("SELECT verdict, COUNT(*) FROM judged WHERE is_new GROUP BY verdict")))
    reused = ledger.rows("""
        SELECT request_id FROM judged
        GROUP BY id_provider, request_id
        HAVING COUNT(DISTINCT CASE WHEN verdict = 'conflict' OR place = 1 THEN content_digest END) > 2
        ORDER BY request_id""")
    return Settled(
        uncontested + number["imported"], number["duplicate"], number["superseded"], number["conflict"],
        tuple(name for (name,) in reused),
    )  # fmt: skip
