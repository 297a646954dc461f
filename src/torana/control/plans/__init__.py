"""Plans: named limits and a price, one of which a subscription takes."""
