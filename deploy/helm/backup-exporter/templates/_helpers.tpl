{{- define "backup-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "backup-exporter.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "backup-exporter.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "backup-exporter.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "backup-exporter.selector" -}}
app.kubernetes.io/name: {{ include "backup-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "backup-exporter.labels" -}}
{{ include "backup-exporter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "backup-exporter.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "backup-exporter.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "backup-exporter.configMap" -}}
{{- default (printf "%s-config" (include "backup-exporter.fullname" .)) .Values.existingConfigMap -}}
{{- end -}}

{{/* Whether the state file lies on a volume. */}}
{{- define "backup-exporter.hasState" -}}
{{- if and (eq .Values.workload "StatefulSet") .Values.state.enabled -}}yes{{- end -}}
{{- end -}}

{{/* The configuration, with the state file where the volume is. */}}
{{- define "backup-exporter.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- if not (hasKey $config "state_file") -}}
{{- $file := ternary "/var/lib/backup-exporter/state.json" "none" (eq (include "backup-exporter.hasState" .) "yes") -}}
{{- $_ := set $config "state_file" $file -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* A probe: by HTTP, or by the exporter's own command where TLS or a password stands before it. */}}
{{- define "backup-exporter.probe" -}}
{{- if .root.Values.existingWebConfigSecret -}}
exec:
  command: [backup-exporter, health]
{{- else -}}
httpGet:
  path: {{ .path }}
  port: metrics
{{- end -}}
{{- end -}}
