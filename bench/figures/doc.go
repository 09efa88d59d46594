// Package figures turns samples into what a report shows: medians and their
// ratios, percentiles of latencies, tables in Markdown. It measures nothing.
package figures
