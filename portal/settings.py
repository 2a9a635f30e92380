"""Every setting, from the environment; refuses to start half-configured.

The variables and their meaning are listed in README.md, "Configuration"; a
test holds the two together. ``collectstatic`` alone runs without secrets, so
that an image can be built before there are any.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

from csp.constants import NONE, SELF

from portal import addresses, serving
from portal.endpoints import is_cloud_endpoint, is_cloud_host, is_loopback, is_network
from portal.environment import SECRET_LENGTH, Environment
from portal.logs import LEVELS, configure
from registercodes.sandbox import SECRET_ID as SANDBOX_SECRET_ID
from registercodes.sandbox import SECRET_KEY as SANDBOX_SECRET_KEY
from registercodes.tat.credentials import WORD
from registercodes.tat.regions import DEFAULT_REGIONS

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()
env.add_file(BASE_DIR / ".env")
ACCOUNT_LENGTH = 100  # of the columns that hold it

PORTAL_MODE = env.choice("PORTAL_MODE", choices=("production", "development"), default="production")
DEVELOPMENT = PORTAL_MODE == "development"
DEBUG = False  # in both: the debug page prints locals

# Keys. The development values are public and only ever meet the sandbox.
PUBLIC_KEYS = ("development-only-secret-key-0123456789abcdef", "development-only-audit-key-0123456789abcdef")
SECRET_KEY = env.secret("SECRET_KEY", default=PUBLIC_KEYS[0] if DEVELOPMENT else None, shortest=SECRET_LENGTH)
SECRET_KEY_FALLBACKS = env.secrets("SECRET_KEY_FALLBACKS")
AUDIT_KEY = env.secret("AUDIT_KEY", default=PUBLIC_KEYS[1] if DEVELOPMENT else None, shortest=SECRET_LENGTH)
for name, key in (("SECRET_KEY", SECRET_KEY), ("AUDIT_KEY", AUDIT_KEY)):
    if key in PUBLIC_KEYS and not DEVELOPMENT:
        env.complain(name, "is the public key of development: make one of its own")
AUDIT_KEY_FALLBACKS = env.secrets("AUDIT_KEY_FALLBACKS")

# The web server's side.
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", default="127.0.0.1,localhost,[::1]" if DEVELOPMENT else "")
if not ALLOWED_HOSTS:
    env.complain("ALLOWED_HOSTS", "is not set")
CSRF_TRUSTED_ORIGINS = env.each(
    "CSRF_TRUSTED_ORIGINS",
    env.words("CSRF_TRUSTED_ORIGINS"),
    good=lambda word: word.startswith(("https://", "http://")),
    complaint="must list origins with their scheme, such as https://portal.example.com",
)
PROXY_HOPS = env.whole("PROXY_HOPS", default=0, low=0, high=10)
TRUSTED_PROXIES = env.each(
    "TRUSTED_PROXIES",
    env.words("TRUSTED_PROXIES", default="127.0.0.0/8,::1,unix"),
    good=lambda word: word == "unix" or is_network(word),
    complaint="must list addresses, networks or the word unix",
)
ADMIN_PATH = addresses.admin_path(env)
ACCESS_HELP = env.text("ACCESS_HELP", default="")
LOG_LEVEL = env.choice("LOG_LEVEL", choices=LEVELS, default="INFO")

# The cloud's side.
ALLOW_INSECURE_ENDPOINTS = env.flag("ALLOW_INSECURE_ENDPOINTS", default=False)
TAT_ENDPOINT = env.address(
    "TAT_ENDPOINT", default="http://127.0.0.1:8001" if DEVELOPMENT else "https://tat.intl.tencentcloudapi.com"
)
TAT_ACCOUNT = env.text("TAT_ACCOUNT", default="default")
if len(TAT_ACCOUNT) > ACCOUNT_LENGTH:
    env.complain("TAT_ACCOUNT", f"is longer than {ACCOUNT_LENGTH} characters")
TAT_REGIONS = env.each(
    "TAT_REGIONS",
    env.words(
        "TAT_REGIONS",
        default=",".join(DEFAULT_REGIONS),  # DescribeRegions is the authority
    ),
    good=lambda word: word.replace("-", "").isalnum() and word.isascii() and word == word.lower(),
    complaint="must list region ids such as ap-singapore",
)
if not TAT_REGIONS:
    env.complain("TAT_REGIONS", "lists no region")
TAT_RATE = env.whole("TAT_RATE", default=19, low=1, high=20)  # calls per second and action; the API allows 20
TAT_CONNECT_TIMEOUT = env.seconds("TAT_CONNECT_TIMEOUT", default=5, low=0.1, high=15)
TAT_DEADLINE = serving.deadline(env)
TAT_CONCURRENT = serving.places(env)
TENCENTCLOUD_CAM_ROLE_NAME = env.text("TENCENTCLOUD_CAM_ROLE_NAME", default="")


def cloud_secret(name: str, sandbox_value: str) -> tuple[str, str]:
    """(value, path of its file): the client reads the file anew whenever it changes."""
    optional = DEVELOPMENT or bool(TENCENTCLOUD_CAM_ROLE_NAME) or not sandbox_value
    value = env.secret(name, default=sandbox_value if optional else None)
    if value and not WORD.fullmatch(value):
        env.complain(name, "must be one word of printable ASCII")
    return value, env.variables.get(f"{name}_FILE", "").strip()


TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_ID_FILE = cloud_secret("TENCENTCLOUD_SECRET_ID", SANDBOX_SECRET_ID)
TENCENTCLOUD_SECRET_KEY, TENCENTCLOUD_SECRET_KEY_FILE = cloud_secret("TENCENTCLOUD_SECRET_KEY", SANDBOX_SECRET_KEY)
TENCENTCLOUD_TOKEN, TENCENTCLOUD_TOKEN_FILE = cloud_secret("TENCENTCLOUD_TOKEN", "")

if TAT_ENDPOINT and not ALLOW_INSECURE_ENDPOINTS:
    if DEVELOPMENT and not is_loopback(TAT_ENDPOINT):
        env.complain("TAT_ENDPOINT", "must be on this machine in development (the sandbox), never the real cloud")
    if not DEVELOPMENT and not is_cloud_endpoint(TAT_ENDPOINT):
        env.complain("TAT_ENDPOINT", "must be https under tencentcloudapi.com unless ALLOW_INSECURE_ENDPOINTS is yes")
if DEVELOPMENT and is_cloud_host(TAT_ENDPOINT):
    env.complain("TAT_ENDPOINT", "is the real cloud: people sign in without a proof in development")

# Records.
DATABASES = {"default": env.database("DATABASE_URL", default="sqlite:///db.sqlite3", base=BASE_DIR)}
DATABASE_WAIT_SECONDS = serving.BUSY_SECONDS
DATABASE_STATEMENT_SECONDS = 10  # of a page; theirs take milliseconds
DATABASE_SILENCE_SECONDS = 10  # after which a PostgreSQL server that vanished is given up (no FIN, no RST)
if DATABASES["default"].get("ENGINE") == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # a deferred transaction that upgrades fails at once when busy
        "timeout": DATABASE_WAIT_SECONDS,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",  # NORMAL loses commits at power loss
    }
elif DATABASES["default"]:
    limits = {
        "lock_timeout": DATABASE_WAIT_SECONDS * 1000,
        "idle_in_transaction_session_timeout": 60_000,
        "max_parallel_workers_per_gather": 0,  # our longest statements take less than starting workers for them
    }
    if "portal.wsgi" in sys.modules:  # the pages alone: migrate, and commands that read the whole record, take long
        limits["statement_timeout"] = DATABASE_STATEMENT_SECONDS * 1000
    DATABASES["default"]["ENGINE"] = "portal.postgresql"
    DATABASES["default"]["OPTIONS"] = DATABASES["default"].get("OPTIONS", {}) | {
        "prepare_threshold": 0,  # of planned_cursor's statements, at their first run; all others are never the same
        "connect_timeout": DATABASE_WAIT_SECONDS,
        "tcp_user_timeout": DATABASE_SILENCE_SECONDS * 1000,  # what was sent and not acknowledged
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
    }
DATABASES["default"]["CONN_MAX_AGE"] = 600
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["ATOMIC_REQUESTS"] = False  # it would erase the request row of a failed call
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MEMBERSHIP_DAYS = 30  # a membership that no sign-in confirmed for this long has lapsed

# People: those whom the identity provider vouches for; in development, without one, sample people.
AUTH_USER_MODEL = "sso.User"
OIDC_ISSUER = env.issuer("OIDC_ISSUER", default="" if DEVELOPMENT else None)
SINGLE_SIGN_ON = not DEVELOPMENT or bool(OIDC_ISSUER)
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID", default=None if SINGLE_SIGN_ON else "")
OIDC_CLIENT_SECRET = env.secret("OIDC_CLIENT_SECRET", default=None if SINGLE_SIGN_ON else "")
OIDC_SCOPES = env.text("OIDC_SCOPES", default="openid profile email groups").replace(",", " ").split()
if "openid" not in OIDC_SCOPES:
    env.complain("OIDC_SCOPES", "lacks openid")
OIDC_GROUPS_CLAIM = env.text("OIDC_GROUPS_CLAIM", default="groups")
OIDC_ADMIN_GROUPS = env.words("OIDC_ADMIN_GROUPS")
OIDC_AUDITOR_GROUPS = env.words("OIDC_AUDITOR_GROUPS")
OIDC_RECHECK_SECONDS = env.whole("OIDC_RECHECK_SECONDS", default=300, low=10, high=3600)
OIDC_DEADLINE = env.seconds("OIDC_DEADLINE", default=10, low=0.1, high=30)
if OIDC_ISSUER.startswith("http://") and not (ALLOW_INSECURE_ENDPOINTS or (DEVELOPMENT and is_loopback(OIDC_ISSUER))):
    env.complain("OIDC_ISSUER", "must be https unless ALLOW_INSECURE_ENDPOINTS is yes")
AUTHENTICATION_BACKENDS = ["portal.sso.backends.People" if SINGLE_SIGN_ON else "portal.sso.development.SamplePeople"]
LOGIN_URL = "sso:login" if SINGLE_SIGN_ON else "sso:sign_in"
LOGIN_REDIRECT_URL = "registercodes:home"
SESSION_MAX_SECONDS = env.whole("SESSION_MAX_SECONDS", default=36000, low=120, high=604800)
SESSION_IDLE_SECONDS = env.whole("SESSION_IDLE_SECONDS", default=1800, low=120, high=604800)  # touched once a minute
SESSION_ENGINE = "portal.sso.session_store"
SESSION_COOKIE_AGE = SESSION_MAX_SECONDS
SESSION_COOKIE_NAME = "portal-session" if DEVELOPMENT else "__Host-portal-session"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = not DEVELOPMENT
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # a cookie would hold words of the admin
CSRF_COOKIE_NAME = "portal-csrf" if DEVELOPMENT else "__Host-portal-csrf"
CSRF_COOKIE_SECURE = not DEVELOPMENT
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.errors.csrf_failure"

env.stop_if_wrong() if sys.argv[1:2] != ["collectstatic"] else None

INSTALLED_APPS = [
    "portal.sso",  # before auth, whose createsuperuser it replaces
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "portal.apps.PortalAdminConfig",
    "django.contrib.staticfiles",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "registercodes",
]
MIDDLEWARE = [
    "portal.middleware.RequestIdMiddleware",
    "portal.middleware.HealthMiddleware",
    "portal.middleware.ProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.middleware.HeadersMiddleware",
    "portal.middleware.BusyDatabaseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.sso.gate.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "portal.middleware.RefusalMiddleware",
    "portal.sso.gate.GateMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["portal.translating"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.chrome",
            ],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
# Every text goes through gettext. While no catalogue is there, looking for one was a twelfth of a page's work.
USE_I18N = LOCALE_PATHS[0].is_dir()
USE_TZ = True
TIME_ZONE = "UTC"

# Static files, served by ourselves under hashed names.
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
BOOTSTRAP = Path(find_spec("django_include_bootstrap").origin).parent / "static"  # type: ignore[union-attr,arg-type]
STATICFILES_DIRS = [BASE_DIR / "static", ("bootstrap/css", BOOTSTRAP / "css")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Headers.
SECURE_SSL_REDIRECT = not DEVELOPMENT
SECURE_HSTS_SECONDS = 0 if DEVELOPMENT else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEVELOPMENT
SECURE_HSTS_PRELOAD = not DEVELOPMENT
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXY_HOPS else None
SECURE_REFERRER_POLICY = "same-origin"  # no-referrer makes browsers post with "Origin: null", which CSRF refuses
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Bootstrap draws its carets so
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024  # the largest honest form is under 4 KB
DATA_UPLOAD_MAX_NUMBER_FIELDS = 128  # 99 codes ticked to be disabled, and a few
DATA_UPLOAD_MAX_NUMBER_FILES = 0

LOGGING_CONFIG = None  # portal.logs configures logging before Django does
configure(
    level=LOG_LEVEL,
    secrets=[TENCENTCLOUD_SECRET_KEY, TENCENTCLOUD_TOKEN, SECRET_KEY, AUDIT_KEY, OIDC_CLIENT_SECRET],
)
