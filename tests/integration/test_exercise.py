"""A running federation at work: real input by the thousand, and its own full exercise."""
