"""Pictures of files, made by a process that may die: what decodes files of strangers holds no window."""
