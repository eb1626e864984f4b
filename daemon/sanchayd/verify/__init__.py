"""Finding rot: verifications as jobs, and what they found."""
