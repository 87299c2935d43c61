"""Encodings below the formats: protocol buffers, flatbuffers, the tensor bundle, event records.

In: bytes. Out: messages, tables, entries, with every length checked. Imports: ``cutaway.errors`` and
``cutaway.readers.source``; nothing here knows what a model is.
"""
