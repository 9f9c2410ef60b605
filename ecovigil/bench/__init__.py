"""The benchmark harness behind `ecovigil bench`: real servers, load from processes of its own, costs by process."""
