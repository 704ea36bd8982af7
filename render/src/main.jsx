// `window.draw(wanted)` draws a dashboard; `window.seen` holds what was asked for it and given to its panels.
import './written.js';
import '@fontsource/inter/400.css';
import '@fontsource/inter/500.css';
import { ThemeContext, createTheme } from '@grafana/data';
import { locationService, LocationServiceProvider } from '@grafana/runtime';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { Router } from 'react-router-dom';
import { forget, given } from './drawn.js';
import { registerPanels } from './panels.jsx';
import { Prometheus } from './prometheus.js';
import { optionsOf, sceneOf } from './scene.js';
import { setUp, useScene, useTheme } from './setup.js';

const SETTINGS = {
  id: 1,
  uid: 'prometheus',
  type: 'prometheus',
  name: 'Prometheus',
  isDefault: true,
  access: 'proxy',
  readOnly: false,
  jsonData: {},
  meta: { id: 'prometheus', name: 'Prometheus', type: 'datasource', info: { logos: { small: '', large: '' } }, module: '', baseUrl: '' },
};

const datasource = new Prometheus(SETTINGS);
let ready;
let root;

// Grafana's registries are filled once; a page draws one dashboard after the other.
window.draw = async (wanted) => {
  const theme = createTheme({ colors: { mode: wanted.theme } });
  ready ??= setUp(datasource).then(registerPanels);
  // Text is measured before it is drawn: with another font a name would be cut.
  await Promise.all([ready, ...['400 14px Inter', '500 14px Inter'].map((font) => document.fonts.load(font).catch(() => []))]);
  useTheme(theme);
  root?.unmount();
  datasource.url = wanted.prometheus;
  datasource.asked = [];
  forget();
  const scene = sceneOf(wanted.dashboard, wanted);
  useScene(scene);
  window.seen = { asked: datasource.asked, given, variables: () => optionsOf(scene) };
  document.body.style.background = theme.colors.background.canvas;
  document.body.style.color = theme.colors.text.primary;
  document.body.className = `theme-${wanted.theme}`;
  root = createRoot(document.getElementById('root'));
  root.render(
    <Router location="/" navigator={locationService.getHistory()}>
      <LocationServiceProvider service={locationService}>
        <ThemeContext.Provider value={theme}>
          <GlobalStyles />
          <div style={{ padding: 16 }}>
            <div style={{ fontSize: 18, marginBottom: 8 }}>{`Dashboards › ${wanted.dashboard.title}`}</div>
            <scene.Component model={scene} />
          </div>
          <PortalContainer />
        </ThemeContext.Provider>
      </LocationServiceProvider>
    </Router>
  );
};
