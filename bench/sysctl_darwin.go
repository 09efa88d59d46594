package main

import "syscall"

func sysctl(name string) string {
	value, err := syscall.Sysctl(name)
	if err != nil {
		return "unknown"
	}
	return value
}
