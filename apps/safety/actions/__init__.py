"""The writes of safety, by topic: `actions.follow_ups`, `actions.events`, `actions.reports` …"""
