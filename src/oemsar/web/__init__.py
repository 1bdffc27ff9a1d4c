"""Requests to servers: tries, politeness, answers kept on disk, and transfers that go on where they ended."""
