"""What psycopg does through the gateway: a transaction, COPY both ways, a cancel."""
import threading
import time

import psycopg

with psycopg.connect("") as conn:
    with conn.cursor() as cur:
        cur.execute("create temporary table kept (a int)")
        cur.execute("create table t (a int, b text)")
        with cur.copy("copy t from stdin") as copy:
            for i in range(10000):
                copy.write_row((i, "row %d" % i))
        cur.execute("select count(*), sum(a) from t where a < %s", (5000,))
        assert cur.fetchone() == (5000, 12497500)
        rows = 0
        with cur.copy("copy t to stdout") as copy:
            for _ in copy.rows():
                rows += 1
        assert rows == 10000, rows
    conn.commit()

with psycopg.connect("") as conn:
    try:
        with conn.transaction():
            conn.execute("delete from t")
            raise KeyError("on purpose")
    except KeyError:
        pass
    assert conn.execute("select count(*) from t").fetchone() == (10000,)
    threading.Timer(0.3, conn.cancel).start()
    began = time.monotonic()
    try:
        conn.execute("select pg_sleep(60)")
        raise AssertionError("it was not cancelled")
    except psycopg.errors.QueryCanceled:
        pass
    assert time.monotonic() - began < 30
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)
print("psycopg passed")

try:
    import asyncpg
except ImportError:
    print("asyncpg is not installed")
else:
    import asyncio
    import io
    import os

    async def main():
        # Its prepared statements are unnamed with a cache of none.
        conn = await asyncpg.connect(
            host=os.environ["PGHOST"], port=int(os.environ["PGPORT"]), user=os.environ["PGUSER"],
            database=os.environ["PGDATABASE"], ssl=False, statement_cache_size=0,
            server_settings={"TimeZone": "Asia/Tokyo"})
        try:
            async with conn.transaction():
                await conn.execute("create table asynchronous (a int)")
                source = io.BytesIO(b"".join(b"%d\n" % i for i in range(1000)))
                await conn.copy_to_table("asynchronous", source=source)
            out = io.BytesIO()
            await conn.copy_from_query("select * from asynchronous", output=out)
            assert out.getvalue().count(b"\n") == 1000
            assert await conn.fetchval("select count(*) from asynchronous where a < $1::int", 500) == 500
            try:
                await conn.fetch("select pg_sleep(60)", timeout=0.3)
                raise AssertionError("it was not cancelled")
            except asyncio.TimeoutError:
                pass
            await conn.reset()
            assert await conn.fetchval("show timezone") == "Asia/Tokyo"
            print("asyncpg passed")
        finally:
            await conn.close()

    asyncio.run(main())
