"""From what is to what is declared: the difference, shown before it is made, and made all or nothing."""
