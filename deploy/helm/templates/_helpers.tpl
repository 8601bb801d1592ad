{{- define "commonplace.name" -}}
{{- if contains "commonplace" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-commonplace" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "commonplace.selector" -}}
app.kubernetes.io/name: commonplace
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "commonplace.labels" -}}
{{ include "commonplace.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "commonplace.claim" -}}
{{- .Values.storage.claim | default (printf "%s-data" (include "commonplace.name" .)) }}
{{- end }}

{{- define "commonplace.image" -}}
{{ printf "%s:%s" (required "image.repository: where your image is" .Values.image.repository) (.Values.image.tag | default .Chart.AppVersion) | quote }}
{{- end }}

{{/* Folders of the data directory that all pods share. */}}
{{- define "commonplace.folders" -}}
["blobs", "uploads", "imported", "audit", "signing", "models", "evaluation", "before-upgrade"]
{{- end }}

{{- define "commonplace.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: ["ALL"]}
{{- end }}

{{/* What every pod has: root (the whole), kind (web, worker, embedder), own (its values). */}}
{{- define "commonplace.labelled" -}}
labels:
  {{- include "commonplace.selector" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .kind }}
annotations:
  # Other settings are other pods.
  checksum/settings: {{ include (print .root.Template.BasePath "/settings.yaml") .root | sha256sum }}
{{- end }}

{{- define "commonplace.common" -}}
{{- $values := .root.Values }}
automountServiceAccountToken: false
enableServiceLinks: false
# What is being read, or answered, is finished within 25 s.
terminationGracePeriodSeconds: 60
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with $values.image.pullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- if not $values.network.dns }}
dnsPolicy: None
dnsConfig: {nameservers: ["127.0.0.1"]}
{{- end }}
{{- with $values.network.hostAliases }}
hostAliases: {{ toJson . }}
{{- end }}
{{- with .own.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .own.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "commonplace.selector" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .kind }}
{{- end }}

{{- define "commonplace.folders.made" -}}
# Kubernetes would make these folders root's.
- name: folders
  image: {{ include "commonplace.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  args: ["sh", "-c", "mkdir -p -m 700 {{ range include "commonplace.folders" . | fromJsonArray }}/shared/{{ . }} {{ end }}/data/tmp"]
  securityContext: {{- include "commonplace.confined" . | nindent 4 }}
  resources: {limits: {memory: 64Mi}}
  volumeMounts:
    - {name: data, mountPath: /shared}
    - {name: scratch, mountPath: /data}
{{- end }}

{{/* A pod that searches or reads: web, worker. */}}
{{- define "commonplace.pod" -}}
{{- $root := .root }}
{{- $values := .root.Values }}
metadata: {{- include "commonplace.labelled" . | nindent 2 }}
spec:
  {{- include "commonplace.common" . | nindent 2 }}
  initContainers: {{- include "commonplace.folders.made" $root | nindent 4 }}
  containers:
    - name: {{ .kind }}
      image: {{ include "commonplace.image" $root }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      {{- if eq .kind "web" }}
      args: ["kb", "serve"]
      ports: [{name: http, containerPort: 8000}]
      # Kubernetes asks by the pod's address, which is no name of ours; localhost is.
      startupProbe:
        httpGet: {path: /health, port: http, httpHeaders: [{name: Host, value: localhost}]}
        periodSeconds: 2
        failureThreshold: 150
      livenessProbe:
        httpGet: {path: /health, port: http, httpHeaders: [{name: Host, value: localhost}]}
        periodSeconds: 15
        timeoutSeconds: 10
        failureThreshold: 4
      readinessProbe:
        httpGet: {path: /ready, port: http, httpHeaders: [{name: Host, value: localhost}]}
        periodSeconds: 5
        timeoutSeconds: 10
      # The service stops sending requests here before the process drains.
      lifecycle: {preStop: {exec: {command: ["sleep", "5"]}}}
      {{- else }}
      args: ["kb", "worker", "--alive", "/tmp/alive"]
      # It touches the file every two seconds while it can work.
      livenessProbe:
        exec: {command: ["sh", "-c", "test -n \"$(find /tmp/alive -mmin -1)\""]}
        initialDelaySeconds: 60
        periodSeconds: 30
        timeoutSeconds: 10
      {{- end }}
      envFrom: [{configMapRef: {name: {{ include "commonplace.name" $root }}}}]
      resources: {{ toJson .own.resources }}
      securityContext: {{- include "commonplace.confined" . | nindent 8 }}
      volumeMounts:
        - {name: scratch, mountPath: /data}
        - {name: scratch, mountPath: /tmp, subPath: tmp}
        {{- range include "commonplace.folders" . | fromJsonArray }}
        - {name: data, mountPath: /data/{{ . }}, subPath: {{ . }}}
        {{- end }}
        - {name: secrets, mountPath: /run/secrets, readOnly: true}
        {{- if $values.backup.claim }}
        - {name: backup, mountPath: /backup}
        {{- end }}
        {{- range $values.documents }}
        - {name: "documents-{{ .name }}", mountPath: "/documents/{{ .name }}", readOnly: true}
        {{- end }}
  volumes:
    # Sockets, logs and copies of files belong to one pod.
    - name: scratch
      emptyDir: {sizeLimit: {{ .own.scratch }}}
    - name: data
      persistentVolumeClaim: {claimName: {{ include "commonplace.claim" $root }}}
    - name: secrets
      secret:
        secretName: {{ $values.secret.name }}
        defaultMode: 0440
        items:
          {{- range $key := $values.secret.files | values | sortAlpha | uniq }}
          - {key: {{ $key }}, path: {{ $key }}}
          {{- end }}
    {{- if $values.backup.claim }}
    - name: backup
      persistentVolumeClaim: {claimName: {{ $values.backup.claim }}}
    {{- end }}
    {{- range $values.documents }}
    - name: "documents-{{ .name }}"
      persistentVolumeClaim: {claimName: {{ .claim }}, readOnly: true}
    {{- end }}
{{- end }}
