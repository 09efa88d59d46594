//go:build !darwin

package main

func sysctl(string) string { return "unknown" }
