import type { AnnotationQuery, Dashboard, DataQuery } from "@grafana/schema";

/** What the schema leaves to each data source, here to Prometheus. */
interface PrometheusQuery extends DataQuery {
  expr: string;
  editorMode?: "builder" | "code";
  instant?: boolean;
  interval?: string;
  legendFormat?: string;
  range?: boolean;
}

interface PrometheusAnnotation extends AnnotationQuery<PrometheusQuery> {
  expr?: string;
  step?: string;
  tagKeys?: string;
  textFormat?: string;
  titleFormat?: string;
}

interface PrometheusDashboard extends Omit<Dashboard, "annotations"> {
  annotations?: { list?: PrometheusAnnotation[] };
}

/**
 * The same shape, spelled as JSON: Grafana's enums of strings refuse the very strings that they stand for, so that no
 * dashboard written as a literal would ever be a `Dashboard`. Keys and values are held as strictly as before.
 */
type Plain<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends object
      ? { [K in keyof T]: Plain<T[K]> }
      : T;

export type Ours = Plain<PrometheusDashboard>;
