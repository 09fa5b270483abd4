"""One Spark for all tests that need one: two worker processes on this machine."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

MASTER = "local-cluster[2,1,1024]"


@pytest.fixture(scope="session")
def spark() -> "Iterator[SparkSession]":
    """Start Spark with two workers, or skip where Java or PySpark is missing, unless CI asks for both."""
    if not os.environ.get("REQUIRE_SPARK"):
        pytest.importorskip("pyspark")
        if shutil.which("java") is None:
            pytest.skip("no Java")
    from billing.spark import spark_session  # noqa: PLC0415 - after the skips

    # Each process lives for a minute: to compile for long runs costs more than it saves, by half of all CPU.
    short_lived = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    settings = {
        "spark.driver.extraJavaOptions": short_lived,
        "spark.executor.extraJavaOptions": short_lived,
        "spark.sql.shuffle.partitions": "4",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.executorEnv.PYTHONPATH": str(Path(__file__).resolve().parents[1]),
    }
    with spark_session(MASTER, settings) as session:
        yield session
