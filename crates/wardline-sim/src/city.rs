//! A made-up city: a road grid in metres around a centre, its places and the shapes of zones.

use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// The distance of two parallel roads in metres.
pub const BLOCK: f64 = 200.0;

/// A position in metres east and north of the centre.
pub type Spot = (f64, f64);

/// A city around a centre.
#[derive(Debug, Clone)]
pub struct City {
    /// Longitude of the centre in degrees.
    pub lon: f64,
    /// Latitude of the centre in degrees.
    pub lat: f64,
    /// Homes, workplaces and schools, all at crossings.
    pub places: Vec<Spot>,
}

impl City {
    /// A city near Bishkek, sometimes on the antimeridian, sometimes far north.
    pub fn new(rng: &mut StdRng) -> Self {
        let (lon, lat) = match rng.random_range(0..8) {
            0 => (179.999, -16.8),
            1 => (25.7, 78.2),
            _ => (74.6, 42.87),
        };
        let places = (0..14)
            .map(|_| {
                (
                    f64::from(rng.random_range(-5..=5)) * BLOCK,
                    f64::from(rng.random_range(-5..=5)) * BLOCK,
                )
            })
            .collect();
        Self { lon, lat, places }
    }

    /// The longitude, not wrapped, and latitude of a spot.
    fn raw(&self, s: Spot) -> (f64, f64) {
        let lat = self.lat + s.1 / 111_200.0;
        (self.lon + s.0 / (111_320.0 * self.lat.to_radians().cos()), lat)
    }

    /// The longitude and latitude of a spot, to 1e-7 degrees.
    pub fn degrees(&self, s: Spot) -> (f64, f64) {
        let (mut lon, lat) = self.raw(s);
        if lon > 180.0 {
            lon -= 360.0;
        }
        (round(lon), round(lat))
    }

    /// A place of the city.
    pub fn place(&self, rng: &mut StdRng) -> Spot {
        self.places[rng.random_range(0..self.places.len())]
    }

    fn rectangle(&self, at: Spot, w: f64, h: f64) -> Value {
        let (x0, y0) = self.raw((at.0 - w, at.1 - h));
        let (x1, y1) = self.raw((at.0 + w, at.1 + h));
        let ring = |a: f64, b: f64| {
            let (a, b, y0, y1) = (round(a), round(b), round(y0), round(y1));
            json!([[a, y0], [b, y0], [b, y1], [a, y1], [a, y0]])
        };
        if x0 < 180.0 && x1 > 180.0 {
            json!({"type": "MultiPolygon", "coordinates": [[ring(x0, 180.0)], [ring(-180.0,
                x1 - 360.0)]]})
        } else if x0 >= 180.0 {
            json!({"type": "Polygon", "coordinates": [ring(x0 - 360.0, x1 - 360.0)]})
        } else {
            json!({"type": "Polygon", "coordinates": [ring(x0, x1)]})
        }
    }

    /// The geometry of a zone at a spot, of any of the four shapes.
    pub fn geometry(&self, rng: &mut StdRng, at: Spot) -> Value {
        let size = rng.random_range(60.0..350.0);
        let near_180 = self.lon > 179.0;
        match rng.random_range(0..6) {
            0 | 1 => {
                let (lon, lat) = self.degrees(at);
                json!({"type": "Point", "coordinates": [lon, lat], "radius_m": f64::round(size)})
            }
            2 => {
                let line: Vec<Value> = [(0.0, 0.0), (2.0 * BLOCK, 0.0), (2.0 * BLOCK, BLOCK)]
                    .iter()
                    .map(|d| {
                        let p = self.degrees((at.0 + d.0, at.1 + d.1));
                        json!([p.0, p.1])
                    })
                    .collect();
                json!({"type": "LineString", "coordinates": line,
                    "half_width_m": rng.random_range(10..60)})
            }
            3 if !near_180 => self.star(rng, at, size),
            4 if !near_180 => self.several(at, size),
            _ => self.rectangle(at, size, size * rng.random_range(0.3..1.0)),
        }
    }

    /// A star-shaped polygon, with a square hole or not.
    fn star(&self, rng: &mut StdRng, at: Spot, size: f64) -> Value {
        let n = rng.random_range(5..14);
        let mut ring: Vec<Value> = (0..n)
            .map(|i| {
                let r = size * rng.random_range(0.5..1.0);
                let a = std::f64::consts::TAU * f64::from(i) / f64::from(n);
                let p = self.degrees((at.0 + r * a.cos(), at.1 + r * a.sin()));
                json!([p.0, p.1])
            })
            .collect();
        ring.push(ring[0].clone());
        let mut rings = vec![Value::Array(ring)];
        if rng.random_bool(0.4) {
            let hole = self.rectangle(at, size * 0.1, size * 0.15);
            rings.push(hole["coordinates"][0].clone());
        }
        json!({"type": "Polygon", "coordinates": rings})
    }

    /// Two rectangles beside each other.
    fn several(&self, at: Spot, size: f64) -> Value {
        let a = self.rectangle(at, size * 0.5, size * 0.4);
        let b = self.rectangle((at.0 + size * 1.2, at.1), size * 0.4, size);
        json!({"type": "MultiPolygon", "coordinates": [a["coordinates"], b["coordinates"]]})
    }
}

/// Rounds to 1e-7 degrees.
fn round(x: f64) -> f64 {
    (x * 1e7).round() / 1e7
}
