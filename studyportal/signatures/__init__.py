"""Electronic signatures: who signed what with which meaning, bound to the content that was signed."""
