// Alerts.
