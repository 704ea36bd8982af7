// Gives Grafana's libraries what its application gives them before anything is drawn.
import * as data from '@grafana/data';
import * as runtime from '@grafana/runtime';
import { initPluginTranslations } from '@grafana/i18n';
import { sceneGraph } from '@grafana/scenes';
import { Observable, map, of, startWith } from 'rxjs';

const STANDARD = {
  displayName: data.displayNameOverrideProcessor,
  unit: data.unitOverrideProcessor,
  min: data.numberOverrideProcessor,
  max: data.numberOverrideProcessor,
  decimals: data.numberOverrideProcessor,
  noValue: data.stringOverrideProcessor,
  color: data.identityOverrideProcessor,
  thresholds: data.thresholdsOverrideProcessor,
  mappings: data.valueMappingsOverrideProcessor,
  links: data.dataLinksOverrideProcessor,
};

export function property(id, process, isCustom = false) {
  return {
    id,
    path: id,
    name: id,
    category: [isCustom ? 'custom' : 'standard'],
    isCustom,
    process,
    shouldApply: () => true,
    settings: {},
    editor: () => null,
    override: () => null,
  };
}

export let scene;
export function useScene(made) {
  scene = made;
}

function transformers() {
  const byId = new Map(Object.values(data.standardTransformers).map((each) => [each.id, each]));
  return [...byId.values()].map((each) => ({
    id: each.id,
    name: each.name,
    // Grafana 13 asks for a transformation when it is needed, 12 has it at hand.
    transformation: Object.assign(() => Promise.resolve(each), { operator: each.operator, defaultOptions: each.defaultOptions }),
    editor: () => null,
  }));
}

function run(datasource, request, ask) {
  const asked = (ask ?? ((each) => datasource.query(each)))(request);
  const answers = asked instanceof Observable ? asked : of(asked);
  const loading = { state: data.LoadingState.Loading, series: [], timeRange: request.range, request };
  return answers.pipe(
    map((answer) => ({
      state: answer.state ?? data.LoadingState.Done,
      series: (answer.data ?? []).map((each) => data.toDataFrame(each)),
      errors: answer.errors,
      error: answer.errors?.[0],
      timeRange: request.range,
      request,
    })),
    startWith(loading)
  );
}

export async function setUp(datasource) {
  await initPluginTranslations('backup-exporter');
  data.standardEditorsRegistry.setInit(() => []);
  data.standardFieldConfigEditorRegistry.setInit(() =>
    Object.entries(STANDARD).map(([id, process]) => property(id, process))
  );
  data.standardTransformersRegistry.setInit(transformers);
  data.setTimeZoneResolver(() => 'utc');
  runtime.setAppEvents(new data.EventBusSrv());
  runtime.setEchoSrv({ addBackend() {}, addEvent() {}, flush() {} });
  const none = () => Promise.resolve({});
  runtime.setBackendSrv({ get: none, post: none, put: none, patch: none, delete: none, request: none, fetch: () => of({ data: {} }) });
  const settings = datasource.instanceSettings;
  runtime.setDataSourceSrv({
    get: () => Promise.resolve(datasource),
    getList: () => [settings],
    getInstanceSettings: () => settings,
    reload: () => Promise.resolve(),
    registerRuntimeDataSource() {},
  });
  runtime.setTemplateSrv({
    getVariables: () => [],
    replace: (text, scoped, format) => (scene ? sceneGraph.interpolate(scene, text, scoped, format) : text ?? ''),
    containsTemplate: (text) => /\$/.test(text ?? ''),
    updateTimeRange() {},
  });
  runtime.setRunRequest(run);
  runtime.setPluginImportUtils({
    importPanelPlugin: (id) => Promise.reject(new Error(`no panel plugin ${id}`)),
    getPanelPluginFromCache: () => undefined,
  });
  runtime.config.buildInfo = { ...runtime.config.buildInfo, version: '13.2.3' };
}

export function useTheme(theme) {
  runtime.config.theme2 = theme;
  const user = { orgRole: 'Viewer', theme: theme.isDark ? 'dark' : 'light' };
  runtime.config.bootData = { ...runtime.config.bootData, user, settings: runtime.config };
}
