"""Many spoken conversations at once, to find out how many a SalesMind server carries.

Three processes, each on its own ground: the controller (``controller``) decides and reports; the swarm (``swarm``) is
Locust, on gevent; the crowd (``crowd``) holds the conversations, on asyncio, where nothing of gevent can make it late.
They talk in JSON lines (``lines``).
"""
