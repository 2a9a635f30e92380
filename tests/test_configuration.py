"""A half-configured portal does not start: what is wrong is named by its variable, and no value is ever printed."""

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal.environment import Environment
from portal.serving import THREADS

ROOT = Path(__file__).resolve().parent.parent

GOOD = {
    "PORTAL_MODE": "production",
    "PORTAL_ENV_FILE": os.devnull,  # whoever runs the tests may have a .env
    "SECRET_KEY": "LEAK-secret-key-0123456789abcdef0123456789",
    "AUDIT_KEY": "LEAK-audit-key-0123456789abcdef0123456789",
    "ALLOWED_HOSTS": "portal.example.com",
    "TENCENTCLOUD_SECRET_ID": "LEAK-AKIDexample",
    "TENCENTCLOUD_SECRET_KEY": "LEAK-cloud-key",
    "OIDC_ISSUER": "https://login.example.com/realms/ops",
    "OIDC_CLIENT_ID": "LEAK-client",
    "OIDC_CLIENT_SECRET": "LEAK-client-secret",
}
SANDBOX = "http://127.0.0.1:8001"
DEVELOPMENT = {**dict.fromkeys(GOOD), "PORTAL_MODE": "development"}
SECRETS = ("SECRET_KEY", "AUDIT_KEY", "TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "OIDC_CLIENT_SECRET")
NEEDED = (*SECRETS, "ALLOWED_HOSTS", "OIDC_ISSUER", "OIDC_CLIENT_ID")

# What is changed in a good configuration (None: taken away), and the variable that must be named.
WRONG = {
    **{f"{name} missing": ({name: None}, name) for name in NEEDED},
    **{f"{name} empty": ({name: ""}, name) for name in NEEDED},
    **{f"{name} blank": ({name: "  \t "}, name) for name in NEEDED},
    **{f"{name} short": ({name: "LEAK-too-short"}, name) for name in ("SECRET_KEY", "AUDIT_KEY")},
    **{f"{name}_FILE absent": ({name: None, f"{name}_FILE": "DIR/LEAK-absent"}, f"{name}_FILE") for name in SECRETS},
    **{f"{name}_FILE empty": ({name: None, f"{name}_FILE": "DIR/LEAK-empty"}, f"{name}_FILE") for name in SECRETS},
    **{f"{name} set twice": ({f"{name}_FILE": "DIR/LEAK-good"}, name) for name in SECRETS},
    **{
        f"{name} public": ({name: f"development-only-{word}-key-0123456789abcdef"}, name)
        for name in ("SECRET_KEY", "AUDIT_KEY")
        for word in (name.split("_")[0].lower(),)
    },
    **{
        f"{name} {number}": ({name: value}, name)
        for name in ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_TOKEN")
        for number, value in enumerate(("LEAK two words", "LEAKé", "LEAK\nLEAK"))
    },
    "no region": ({"TAT_REGIONS": " , "}, "TAT_REGIONS"),
    "a long account": ({"TAT_ACCOUNT": "LEAK" * 26}, "TAT_ACCOUNT"),
    "SECRET_KEY_FILE a folder": ({"SECRET_KEY": None, "SECRET_KEY_FILE": "DIR"}, "SECRET_KEY_FILE"),
    "SECRET_KEY_FILE not text": ({"SECRET_KEY": None, "SECRET_KEY_FILE": "DIR/LEAK-binary"}, "SECRET_KEY_FILE"),
    "SECRET_KEY_FILE short": ({"SECRET_KEY": None, "SECRET_KEY_FILE": "DIR/LEAK-short"}, "SECRET_KEY_FILE"),
    "AUDIT_KEY_FALLBACKS_FILE": ({"AUDIT_KEY_FALLBACKS_FILE": "DIR/LEAK-absent"}, "AUDIT_KEY_FALLBACKS_FILE"),
    "TENCENTCLOUD_TOKEN_FILE": ({"TENCENTCLOUD_TOKEN_FILE": "DIR/LEAK-absent"}, "TENCENTCLOUD_TOKEN_FILE"),
    **{
        f"{name} {value}": ({name: value}, name)
        for name, values in {
            "PORTAL_MODE": ("LEAK", "Production", "dev"),
            "LOG_LEVEL": ("LEAK", "debug", "15"),
            "PROXY_HOPS": ("LEAK", "-1", "1.5", "11", "٣", "1_0", "9" * 5000),
            "TRUSTED_PROXIES": ("LEAK", "10.0.0.0/33", "10.0.0.0/8,LEAK"),
            "CSRF_TRUSTED_ORIGINS": ("LEAK.example.com", "https://a.example,LEAK"),
            "ADMIN_PATH": ("LEAK", "/LEAK/", "LEAK//", "LEAK here/", "../", "<slug:LEAK>/", "codes/", "Static/LEAK/"),
            "ALLOW_INSECURE_ENDPOINTS": ("LEAK", "flase", "ja"),
            "TAT_ENDPOINT": (
                *("LEAK", "tat.intl.tencentcloudapi.com", "ftp://tat.intl.tencentcloudapi.com", "https://"),
                *("https://tat.intl.tencentcloudapi.com/LEAK", "https://LEAK:LEAK@tat.intl.tencentcloudapi.com"),
                *("https://tat.intl.tencentcloudapi.com:99999", "https://[LEAK"),
            ),
            "TAT_REGIONS": ("ap singapore LEAK", "AP-LEAK", "ap-singapore,LEAK!"),
            "TAT_RATE": ("LEAK", "0", "21", "-5", "19.5"),
            "TAT_CONNECT_TIMEOUT": ("LEAK", "0", "99", "1e1"),
            "TAT_DEADLINE": ("LEAK", "0", "31", "-1", "nan"),
            "OIDC_ISSUER": (
                *("LEAK", "login.example.com", "http://login.example.com/LEAK", "https://", "ftp://login.example.com"),
                *("https://LEAK:LEAK@login.example.com", "https://login.example.com/?LEAK", "https://login.example/#"),
                "https://login.example.com:99999",
            ),
            "OIDC_SCOPES": ("LEAK", "profile groups"),
            "OIDC_RECHECK_SECONDS": ("LEAK", "0", "9", "3601", "1.5"),
            "OIDC_DEADLINE": ("LEAK", "0", "31"),
            "SESSION_IDLE_SECONDS": ("LEAK", "119", "604801"),
            "SESSION_MAX_SECONDS": ("LEAK", "119", "604801"),
            "TAT_CONCURRENT": ("LEAK", "0", str(THREADS)),
            "DATABASE_URL": (
                "LEAK",
                "mysql://LEAK@host/db",
                "sqlite://",
                "sqlite:///",
                "sqlite:///:memory:",
                "postgres://LEAK:LEAK@host:LEAK/db",
            ),
        }.items()
        for value in values
    },
    "PORTAL_ENV_FILE absent": ({"PORTAL_ENV_FILE": "DIR/LEAK-absent"}, "PORTAL_ENV_FILE"),
    "sandbox in production": ({"TAT_ENDPOINT": SANDBOX}, "TAT_ENDPOINT"),
    "http in production": ({"TAT_ENDPOINT": "http://tat.intl.tencentcloudapi.com"}, "TAT_ENDPOINT"),
    "another host in production": ({"TAT_ENDPOINT": "https://tencentcloudapi.com.example"}, "TAT_ENDPOINT"),
    "the domain as a suffix": ({"TAT_ENDPOINT": "https://eviltencentcloudapi.com"}, "TAT_ENDPOINT"),
    "another port in production": ({"TAT_ENDPOINT": "https://tat.tencentcloudapi.com:8443"}, "TAT_ENDPOINT"),
    "real cloud in development": (DEVELOPMENT | {"TAT_ENDPOINT": "https://tat.tencentcloudapi.com"}, "TAT_ENDPOINT"),
    "real cloud in development, insecure allowed": (
        DEVELOPMENT | {"TAT_ENDPOINT": "https://tat.tencentcloudapi.com", "ALLOW_INSECURE_ENDPOINTS": "yes"},
        "TAT_ENDPOINT",
    ),
    **{
        f"real cloud in development as {address}": (
            DEVELOPMENT | {"TAT_ENDPOINT": address, "ALLOW_INSECURE_ENDPOINTS": "yes"},
            "TAT_ENDPOINT",
        )
        for address in (
            *("http://tat.intl.tencentcloudapi.com", "https://tat.intl.tencentcloudapi.com:8443"),
            *("http://TAT.TencentCloudAPI.com.:80", "https://tencentcloudapi.com"),
        )
    },
    "other machine in development": (DEVELOPMENT | {"TAT_ENDPOINT": "http://10.0.0.1:8001"}, "TAT_ENDPOINT"),
}
RIGHT = {
    "production": {},
    "development": DEVELOPMENT,
    "secrets in files": {
        **dict.fromkeys(SECRETS),
        **{f"{name}_FILE": "DIR/LEAK-good" for name in SECRETS},
        "AUDIT_KEY_FILE": "DIR/LEAK-good-too",
    },
    "a CVM role instead of keys": {
        **dict.fromkeys(SECRETS[2:4]),
        "TENCENTCLOUD_CAM_ROLE_NAME": "portal",
    },
    "the sandbox where that is allowed": {"TAT_ENDPOINT": SANDBOX, "ALLOW_INSECURE_ENDPOINTS": "yes"},
    "another machine in development where that is allowed": DEVELOPMENT
    | {"TAT_ENDPOINT": "http://tencentcloudapi.com.example:8001", "ALLOW_INSECURE_ENDPOINTS": "yes"},
    "the admin elsewhere": {"ADMIN_PATH": "back-office/audit_1/"},
    "words with blanks": {"ALLOWED_HOSTS": " a.example , b.example ,", "TAT_REGIONS": "ap-singapore , eu-frankfurt"},
    "variables in a file": {"PORTAL_ENV_FILE": "DIR/LEAK-deployment", "ALLOWED_HOSTS": None},
    "a file in development": DEVELOPMENT | {"PORTAL_ENV_FILE": "DIR/LEAK-deployment"},
    "a key that begins with a dollar sign": {"SECRET_KEY": "$PATH" + "x" * 40},
}

LOAD_EACH = """
import json, os, sys
from django.core.exceptions import ImproperlyConfigured
ASKED = ("PORTAL_MODE", "SECRET_KEY", "ALLOWED_HOSTS", "TAT_REGIONS", "DEBUG")
said = {}
for name, environment in json.load(sys.stdin).items():
    os.environ.clear()
    os.environ.update(environment)
    sys.modules.pop("portal.settings", None)
    try:
        import portal.settings as loaded
        said[name] = {key: str(getattr(loaded, key)) for key in ASKED}
    except ImproperlyConfigured as problem:
        said[name] = str(problem)
    except Exception as crash:
        said[name] = f"crashed with {type(crash).__name__}"
print()
print(json.dumps(said))
"""


def environment_of(changes, directory) -> dict[str, str]:
    changed = GOOD | {"PATH": os.environ["PATH"], "DATABASE_URL": f"sqlite:///{directory}/none"} | changes
    return {name: value.replace("DIR", str(directory)) for name, value in changed.items() if value is not None}


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("configuration")
    (made / "LEAK-empty").write_text(" \n")
    (made / "LEAK-short").write_text("LEAK")
    (made / "LEAK-binary").write_bytes(b"\xff\xfe" * 40)
    (made / "LEAK-good").write_text("f" * 48 + "\n")
    (made / "LEAK-deployment").write_text(
        "PORTAL_MODE=development\nALLOWED_HOSTS=file.example\nTAT_REGIONS=ap-tokyo\nSECRET_KEY=" + "e" * 40
    )
    (made / "LEAK-good-too").write_text("e" * 48 + "\n")
    return made


@pytest.fixture(scope="module")
def said(directory) -> dict:
    """What loading the settings says for every case, each with an environment of its own, in one fresh process."""
    cases = {name: changes for name, (changes, _) in WRONG.items()} | RIGHT
    asked = json.dumps({name: environment_of(changes, directory) for name, changes in cases.items()})
    command = [sys.executable, "-c", LOAD_EACH]
    done = subprocess.run(command, cwd=ROOT, input=asked, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_and_its_value_never_printed(said, case):
    complaint, variable = said[case], WRONG[case][1]

    assert isinstance(complaint, str), f"{case} was accepted"
    assert {line.split()[0] for line in complaint.strip().splitlines()} == {variable}
    assert complaint.rstrip().endswith(".")
    assert "LEAK" not in complaint


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_right_is_taken(said, case):
    assert said[case]["DEBUG"] == "False"


def test_words_are_stripped_files_lose_their_last_newline_and_dollars_are_no_references(said):
    assert said["words with blanks"]["ALLOWED_HOSTS"] == "['a.example', 'b.example']"
    assert said["words with blanks"]["TAT_REGIONS"] == "['ap-singapore', 'eu-frankfurt']"
    assert said["secrets in files"]["SECRET_KEY"] == "f" * 48
    assert said["a key that begins with a dollar sign"]["SECRET_KEY"] == "$PATH" + "x" * 40


def test_a_file_adds_what_the_environment_lacks_and_never_chooses_the_mode(said):
    read = said["variables in a file"]

    assert (read["ALLOWED_HOSTS"], read["TAT_REGIONS"]) == ("['file.example']", "['ap-tokyo']")
    assert (read["SECRET_KEY"], read["PORTAL_MODE"]) == (GOOD["SECRET_KEY"], "production")


def test_no_file_is_read_in_development(said):
    assert said["a file in development"]["ALLOWED_HOSTS"] == "['127.0.0.1', 'localhost', '[::1]']"
    assert "ap-singapore" in said["a file in development"]["TAT_REGIONS"]


reads_variables_only = pytest.mark.same_on_any_database("each process names its own database, and connects to none")


def manage(*words, **environment):
    command = [sys.executable, "manage.py", *words]
    variables = {"PATH": os.environ["PATH"], "PORTAL_ENV_FILE": os.devnull} | environment
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)


@pytest.mark.processes
@reads_variables_only
def test_static_files_are_collected_without_any_secret():
    done = manage("collectstatic", "--no-input", "--dry-run")

    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"\d+ static files? copied", done.stdout)


@pytest.mark.processes
@reads_variables_only
def test_every_problem_is_told_at_one_start_without_a_traceback():
    done = manage("migrate", TAT_RATE="LEAK")

    assert done.returncode != 0
    assert {line.split()[0] for line in done.stderr.strip().splitlines()[1:]} == {*GOOD, "TAT_RATE"} - {
        *("PORTAL_MODE", "PORTAL_ENV_FILE")
    }
    assert "Traceback" not in done.stderr and "LEAK" not in done.stderr


def test_a_file_that_is_not_there_is_no_news(tmp_path, caplog):
    environment = Environment({})

    with caplog.at_level(logging.DEBUG):
        environment.add_file(tmp_path / ".env")

    assert (caplog.messages, environment.problems) == ([], [])
