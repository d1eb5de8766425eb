"""Exported folders: what one holds, written, read and checked."""
