"""PM's core: operations, book, outbox, links."""
