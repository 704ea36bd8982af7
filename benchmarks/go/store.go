package main

import (
	"fmt"
	"log"
	"net/http"
	"strings"

	dto "github.com/prometheus/client_model/go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kube-state-metrics/v2/pkg/metric"
	metricsstore "k8s.io/kube-state-metrics/v2/pkg/metrics_store"
)

// watched is one resource with its samples by family, as kube-state-metrics watches an object of Kubernetes.
type watched struct {
	metav1.ObjectMeta
	families []metric.FamilyInterface
}

// newStoreHandler returns a handler that writes a store of kube-state-metrics with one object for each resource.
func newStoreHandler(families []*dto.MetricFamily) http.Handler {
	headers := make([]string, len(families))
	objects := map[string]*watched{}
	for at, family := range families {
		kind := strings.ToLower(family.GetType().String())
		headers[at] = fmt.Sprintf("# HELP %s %s\n# TYPE %s %s\n", family.GetName(), family.GetHelp(), family.GetName(), kind)
		for _, one := range family.GetMetric() {
			names, values := labels(one)
			object := find(objects, identify(names, values), families)
			own := object.families[at].(*metric.Family)
			own.Metrics = append(own.Metrics, &metric.Metric{LabelKeys: names, LabelValues: values, Value: value(one)})
		}
	}
	store := metricsstore.NewMetricsStore(headers, func(object interface{}) []metric.FamilyInterface {
		return object.(*watched).families
	})
	for _, object := range objects {
		if err := store.Add(object); err != nil {
			log.Fatal(err)
		}
	}
	writer := metricsstore.NewMetricsWriter("resources", store)
	return http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
		response.Header().Set("Content-Type", "text/plain; version=0.0.4")
		if err := writer.WriteAll(response); err != nil {
			log.Print(err)
		}
	})
}

// identify returns what a sample is about: the values of its labels source and resource.
func identify(names, values []string) string {
	var own []string
	for at, name := range names {
		if name == "source" || name == "resource" {
			own = append(own, values[at])
		}
	}
	return strings.Join(own, "\xff")
}

// find returns the object of that identity, and adds an empty one if there is none.
func find(objects map[string]*watched, identity string, families []*dto.MetricFamily) *watched {
	if object, ok := objects[identity]; ok {
		return object
	}
	object := &watched{ObjectMeta: metav1.ObjectMeta{UID: types.UID(identity)}}
	for _, family := range families {
		object.families = append(object.families, &metric.Family{Name: family.GetName()})
	}
	objects[identity] = object
	return object
}
