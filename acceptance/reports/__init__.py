"""Reports of a finished run: the document's table, JUnit XML, JSON, an HTML page.

Every report is a function from a ``RunResult`` to text. Secrets are removed from all of them.
"""

from acceptance.reports.json_result import as_json, json_schema
from acceptance.reports.junit_xml import junit
from acceptance.reports.markdown_table import markdown
from acceptance.reports.page import html

__all__ = ["as_json", "html", "json_schema", "junit", "markdown"]
