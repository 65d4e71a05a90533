"""Real Kafka and Elasticsearch servers for the tests, and for a developer who wants to try the product on them.

Named servers come first (STACFED_TEST_KAFKA, STACFED_TEST_ELASTIC), then containers where an engine answers, then
JVM processes whose parts Maven downloads. They listen on 127.0.0.1 only and never outlive the process that started
them.
"""
