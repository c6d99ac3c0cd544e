"""What the policy says (考核方案)."""
