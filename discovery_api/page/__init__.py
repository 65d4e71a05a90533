"""The page for people: one HTML document at the root of the API for browsers, and its files under /page/."""

from discovery_api.page.routes import page_response, page_routes

__all__ = ["page_response", "page_routes"]
