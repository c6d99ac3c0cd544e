"""Each person's server: ``simkaohe app`` behind it, reached through it and in no other way.

Goes to /etc/jupyter/ (or <environment>/etc/jupyter/) on the machine or in the image.
"""

import secrets

c = get_config()  # noqa: F821 - given by Jupyter

token = secrets.token_urlsafe(32)  # known to this server and its app only, new at every start
c.ServerProxy.servers = {
    "simkaohe": {
        "command": [
            "simkaohe",
            "app",
            "--no-browser",
            "--port={port}",
            "--base-url={base_url}simkaohe/",
        ],
        "environment": {"SIMKAOHE_TOKEN": token},
        "request_headers_override": {"Authorization": f"token {token}"},
        "absolute_url": True,
        "timeout": 60,
        "launcher_entry": {"title": "模拟考核 · simkaohe"},
    }
}
