/** A point cloud that can be turned. Loaded only when there is one: three.js is large. */
import {
  BufferAttribute,
  BufferGeometry,
  CanvasTexture,
  PerspectiveCamera,
  Points,
  PointsMaterial,
  Scene,
  WebGLRenderer,
} from 'three';
import { OrbitControls } from 'three/examples/jsm/controls/OrbitControls.js';
import { colour, h } from '../dom';
import type { Inspected } from '../types';
import { figure, type Tensor } from './tensor';

/** Points are squares unless a picture says otherwise. */
function disc(): CanvasTexture {
  const canvas = h('canvas', { width: 32, height: 32 });
  const context = canvas.getContext('2d')!;
  context.fillStyle = '#fff';
  context.arc(16, 16, 15, 0, 7);
  context.fill();
  return new CanvasTexture(canvas);
}

function points(positions: Float32Array, size: number, colours?: Float32Array): Points {
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(positions, 3));
  if (colours) geometry.setAttribute('color', new BufferAttribute(colours, 3));
  return new Points(
    geometry,
    new PointsMaterial({ size, vertexColors: Boolean(colours), map: disc(), alphaTest: 0.5 }),
  );
}

/** Columns first..first + 2 of some rows. */
function columns(tensor: Tensor, first: number, rows: ArrayLike<number>): Float32Array {
  const width = tensor.shape[1]!;
  const ret = new Float32Array(3 * rows.length);
  for (let i = 0; i < rows.length; i++)
    ret.set(tensor.values.subarray(rows[i]! * width + first, rows[i]! * width + first + 3), 3 * i);
  return ret;
}

/** sRGB as files have it -> linear as three.js wants it. */
function linear(colours: Float32Array): Float32Array {
  return colours.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
}

export function pointView(found: Inspected, tensor: Tensor): HTMLElement {
  const n = tensor.shape[0]!;
  const all = Array.from({ length: n }, (_, i) => i);
  const canvas = h('canvas', {
    tabindex: 0,
    role: 'img',
    'aria-label': `Point cloud of ${n} points; turn it with the arrow keys or by dragging`,
  });
  let renderer: WebGLRenderer;
  try {
    renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
  } catch {
    return h('p', { class: 'hint' }, `${n} points. This browser cannot draw them: it has no WebGL.`);
  }
  const scene = new Scene();
  const size = Math.min(0.08, 2.4 / Math.sqrt(n));
  const cloud = points(columns(tensor, 0, all), size, linear(columns(tensor, 3, all)));
  const centres = points(columns(tensor, 0, found.centres ?? []), 1.1 * size);
  const paint = () => (centres.material as PointsMaterial).color.setStyle(colour('accent'));
  paint();
  centres.visible = false;
  scene.add(cloud, centres);
  const camera = new PerspectiveCamera(42, 1, 0.1, 20);
  camera.position.set(1.6, 1.3, 2.1);
  const controls = new OrbitControls(camera, canvas);
  controls.enablePan = false;
  controls.enableDamping = true;
  controls.autoRotate = !matchMedia('(prefers-reduced-motion: reduce)').matches;
  controls.autoRotateSpeed = 1.6;
  controls.addEventListener('start', () => (controls.autoRotate = false));
  canvas.addEventListener('keydown', (event) => {
    const turn = { ArrowLeft: [0, -0.15], ArrowRight: [0, 0.15], ArrowUp: [-0.15, 0], ArrowDown: [0.15, 0] }[event.key];
    if (!turn) return;
    event.preventDefault();
    controls.autoRotate = false;
    for (const each of [cloud, centres]) {
      each.rotation.x += turn[0]!;
      each.rotation.y += turn[1]!;
    }
  });
  let was = false;
  const draw = () => {
    if (was && !canvas.isConnected) {
      renderer.dispose();
      return;
    }
    was ||= canvas.isConnected;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (width && canvas.checkVisibility() && !document.hidden) {
      if (canvas.width !== Math.round(width * renderer.getPixelRatio())) {
        renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
        renderer.setSize(width, height, false);
        camera.aspect = width / height;
        camera.updateProjectionMatrix();
      }
      controls.update();
      renderer.render(scene, camera);
    }
    requestAnimationFrame(draw);
  };
  requestAnimationFrame(draw);
  document.addEventListener('themechange', paint);
  const show = h('input', {
    type: 'checkbox',
    onchange: (event: Event) => {
      centres.visible = (event.target as HTMLInputElement).checked;
      (cloud.material as PointsMaterial).size = centres.visible ? size / 2 : size;
    },
  });
  const n_centres = found.centres?.length ?? 0;
  return h(
    'div',
    { class: 'cloud' },
    figure(`${n.toLocaleString('en')} points; drag to turn, scroll to come nearer`, canvas),
    n_centres > 0 &&
      h(
        'label',
        { class: 'check' },
        show,
        ` Show the ${n_centres.toLocaleString('en')} centres from which the model looks at it`,
      ),
  );
}
