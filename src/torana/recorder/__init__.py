"""The recorder process: takes records from the spools into the database, prices them and sums them up."""
