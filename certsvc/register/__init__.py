"""The talent register 专业技术人才信息库: who is who, what stays sealed, and how rows come in."""
