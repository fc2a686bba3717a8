"""The ways in: what every page of the admin and every resource of the API shares, whatever the record."""
