"""The hub: who may come in, and one server for each of them, which opens with simkaohe's pages."""

import sys

c = get_config()  # noqa: F821 - given by JupyterHub

# A web server with TLS (nginx, Caddy) stands in front; the hub listens to this machine only.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"

# Who may come in: accounts of this machine (PAM). For an organisation's own accounts install
# jupyterhub-ldapauthenticator or oauthenticator and name its class here.
c.JupyterHub.authenticator_class = "pam"
c.Authenticator.allowed_users = set()  # e.g. {"zhangsan", "lisi"}
c.Authenticator.admin_users = set()

# A server for each: a process of that person's own account, in that person's own home folder, so
# that nobody reads another's files. For containers instead of accounts: the lines at the end.
c.JupyterHub.spawner_class = "localprocess"
c.Spawner.default_url = "/simkaohe/"  # the pages; "/lab" for JupyterLab with the notebooks
c.Spawner.http_timeout = c.Spawner.start_timeout = 120

# A server that nobody has used for an hour is ended; saved scenarios are files and stay.
c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"],
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    }
]

# Containers (pip install dockerspawner; docker build -t simkaohe-user .):
# c.JupyterHub.spawner_class = "docker"
# c.DockerSpawner.image = "simkaohe-user"
# c.DockerSpawner.remove = True
# c.DockerSpawner.notebook_dir = "/home/jovyan/work"
# c.DockerSpawner.volumes = {"simkaohe-{username}": "/home/jovyan"}
# c.Spawner.mem_limit, c.Spawner.cpu_limit = "1G", 1.0
# c.JupyterHub.hub_ip = "0.0.0.0"  # containers must reach the hub
