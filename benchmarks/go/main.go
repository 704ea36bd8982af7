// Command scrape-references serves an exposition by the libraries that Go exporters use, as references for
// `python -m benchmarks --only scrape`.
//
// It reads an exposition in the Prometheus text format from a file and serves its samples at three paths:
//
//	/vectors  client_golang, with one vector a family
//	/const    client_golang, with a collector that makes one constant metric a sample at each scrape
//	/store    the metrics store of kube-state-metrics, with one object a resource
//
// When it is ready it writes {"port": PORT} to its standard output.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sort"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: scrape-references EXPOSITION")
	}
	families, err := readFamilies(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/vectors", handle(registerVectors(families)))
	mux.Handle("/const", handle(registerCollector(families)))
	mux.Handle("/store", newStoreHandler(families))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := json.NewEncoder(os.Stdout).Encode(map[string]int{"port": port}); err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.Serve(listener, mux))
}

// readFamilies returns the metric families of an exposition, sorted by name.
func readFamilies(path string) ([]*dto.MetricFamily, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	byName, err := parser.TextToMetricFamilies(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	families := make([]*dto.MetricFamily, 0, len(byName))
	for _, family := range byName {
		families = append(families, family)
	}
	sort.Slice(families, func(i, j int) bool { return families[i].GetName() < families[j].GetName() })
	return families, nil
}

func handle(registry *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// labels returns the names and the values of a metric's labels, in the order of the exposition.
func labels(metric *dto.Metric) (names, values []string) {
	for _, pair := range metric.GetLabel() {
		names, values = append(names, pair.GetName()), append(values, pair.GetValue())
	}
	return names, values
}

// value returns the one number of a sample.
func value(metric *dto.Metric) float64 {
	switch {
	case metric.Gauge != nil:
		return metric.GetGauge().GetValue()
	case metric.Counter != nil:
		return metric.GetCounter().GetValue()
	default:
		return metric.GetUntyped().GetValue()
	}
}

// labelNames returns the names of all labels in a family; a sample may lack one, which is the same as an empty value.
func labelNames(family *dto.MetricFamily) []string {
	seen := map[string]bool{}
	var all []string
	for _, metric := range family.GetMetric() {
		for _, pair := range metric.GetLabel() {
			if !seen[pair.GetName()] {
				seen[pair.GetName()] = true
				all = append(all, pair.GetName())
			}
		}
	}
	return all
}

// labelValues returns the values of a metric's labels in the order of names.
func labelValues(metric *dto.Metric, names []string) []string {
	byName := map[string]string{}
	for _, pair := range metric.GetLabel() {
		byName[pair.GetName()] = pair.GetValue()
	}
	values := make([]string, len(names))
	for at, name := range names {
		values[at] = byName[name]
	}
	return values
}

// registerVectors returns a registry with a gauge vector for each family.
func registerVectors(families []*dto.MetricFamily) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	for _, family := range families {
		names := labelNames(family)
		opts := prometheus.GaugeOpts{Name: family.GetName(), Help: family.GetHelp()}
		vector := prometheus.NewGaugeVec(opts, names)
		for _, metric := range family.GetMetric() {
			vector.WithLabelValues(labelValues(metric, names)...).Set(value(metric))
		}
		registry.MustRegister(vector)
	}
	return registry
}

type sample struct {
	desc   *prometheus.Desc
	value  float64
	values []string
}

// collector makes all its metrics at each scrape.
type collector struct {
	descs   []*prometheus.Desc
	samples []sample
}

func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range c.descs {
		descs <- desc
	}
}

func (c *collector) Collect(metrics chan<- prometheus.Metric) {
	for _, one := range c.samples {
		metrics <- prometheus.MustNewConstMetric(one.desc, prometheus.GaugeValue, one.value, one.values...)
	}
}

// registerCollector returns a registry with a single collector for all families.
func registerCollector(families []*dto.MetricFamily) *prometheus.Registry {
	all := &collector{}
	for _, family := range families {
		names := labelNames(family)
		desc := prometheus.NewDesc(family.GetName(), family.GetHelp(), names, nil)
		all.descs = append(all.descs, desc)
		for _, metric := range family.GetMetric() {
			values := labelValues(metric, names)
			all.samples = append(all.samples, sample{desc: desc, value: value(metric), values: values})
		}
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(all)
	return registry
}
