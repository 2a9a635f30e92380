"""A local stand-in for Tencent Cloud TAT's API; standard library only, imports nothing of the portal."""

SECRET_ID = "AKIDsandboxNotARealSecretId"  # noqa: S105  a name, and invented
SECRET_KEY = "sandbox-key-that-opens-nothing"  # noqa: S105  invented, accepted by the sandbox alone

SERVICE = "tat"
VERSION = "2020-10-28"
MARK = ("X-TAT-Sandbox", "yes")
DEFAULT_PORT = 8001
