"""Files that people bring: judged by their content, kept in the database, given back as they came and never shown."""
