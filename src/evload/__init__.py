"""evload: hourly EV charging loads in, exact KPIs out."""
