"""`make run` on the record of another portal: it says so, and neither migrates nor writes."""

import pytest
from server_database import new_database
from test_demo import Demo

pytestmark = pytest.mark.processes


def written(database) -> list:
    tables = ("django_migrations", "registercodes_installation", "registercodes_team", "registercodes_auditevent")
    return [database.query(f"SELECT * FROM {table} ORDER BY id") for table in tables]


@pytest.mark.parametrize(
    ("mode", "key", "named"),
    [
        ("production", "", "PORTAL_MODE: this database is the record of another one"),
        ("development", "m" * 40, "AUDIT_KEY_FALLBACKS lacks the retired keys"),
    ],
    ids=["another mode", "another key"],
)
def test_the_demo_neither_migrates_nor_writes_into_the_record_of_another_portal(tmp_path, mode, key, named):
    demo = Demo(tmp_path)
    database = new_database(tmp_path, endpoint=f"127.0.0.1:{demo.sandbox_port}")
    database.execute("UPDATE registercodes_installation SET mode = ?", mode)
    database.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    demo.environment |= {"DATABASE_URL": database.url, "AUDIT_KEY": key}
    before = written(database)

    with demo:
        assert demo.process.wait(30) == 1
        said = demo.process.stderr.read()

    assert named in said and "Traceback" not in said
    assert written(database) == before
    database.remove()
