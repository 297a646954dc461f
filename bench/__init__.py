"""What Torana costs beside nginx's plain reverse proxy; README.md says what is measured and why. Not installed."""
