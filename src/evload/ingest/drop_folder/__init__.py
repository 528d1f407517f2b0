"""A folder into which files are dropped: which of them are complete, loading them, and moving them out of the way.

Used by: `drop_folder_command`.
Must not import: `api`.
"""
