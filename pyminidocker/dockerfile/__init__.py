"""The Dockerfile language: text in, typed instructions out; nothing is read or run here."""
