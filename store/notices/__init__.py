"""The outbox: notices, the batches they are frozen in, their addresses."""
