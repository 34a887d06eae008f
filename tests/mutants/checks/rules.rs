//! Rules with an equation per synapse: four steps of two linear units behind two inputs, by hand.

#![allow(clippy::disallowed_methods, reason = "an independent reference for the library's values")]

use super::{Check, Fault, compare, run};

pub(super) fn check(name: &str) -> Option<Check> {
    Some(match name {
        "anti_hebb" => |text| ruled(text, "anti_hebb(rate = 0.1, p = 0.3)", |m| m.each(|x, y, _| 0.1 * (0.09 - y * x))),
        "bcm" => |text| {
            ruled(text, "bcm(rate = 0.1, tau = 3 steps)", |m| {
                let theta = m.average_post(|y| y * y);
                m.each_with(theta, |x, y, _, theta| 0.1 * x * y * (y - theta));
            })
        },
        "competitive" => |text| {
            ruled(text, "competitive(rate = 0.1)", |m| {
                let most = m.y[0].max(m.y[1]);
                m.each_with([most; 2], |x, y, w, most| if y >= most { 0.1 * (x - w) } else { 0.0 });
            })
        },
        "covariance" => |text| {
            ruled(text, "covariance(rate = 0.1, tau = 3 steps)", |m| {
                let (post, pre) = (m.average_post(|y| y), m.average_pre());
                let (x, y) = (m.x, m.y);
                m.change(|j, i, _| 0.1 * (x[i] - pre[i]) * (y[j] - post[j]));
            })
        },
        "delta" => |text| {
            ruled(text, "delta(wanted, rate = 0.1)", |m| {
                m.each_with([1.0, 2.0], |x, y, _, wanted| 0.1 * (wanted - y) * x);
                m.bias([1.0, 2.0], |y, wanted| 0.1 * (wanted - y));
            })
        },
        "hebb" => |text| ruled(text, "hebb(rate = 0.1)", |m| m.each(|x, y, _| 0.1 * y * x)),
        "homeostasis" => |text| {
            ruled(text, "homeostasis(goal = 0.4, rate = 0.1, tau = 3 steps)", |m| {
                let mean = m.average_post(|y| y);
                m.bias(mean, |_, mean| 0.1 * (0.4 - mean));
            })
        },
        "oja" => |text| ruled(text, "oja(rate = 0.1)", |m| m.each(|x, y, w| 0.1 * y * (x - y * w))),
        "rls" => |text| {
            ruled(text, "rls(wanted, alpha = 2)", |m| {
                let (x, y, moved) = (m.x, m.y, m.trace);
                let before = |a: usize, b: usize| moved[a][b] + if a == b { 0.5 } else { 0.0 };
                let seen = [0, 1].map(|a| before(a, 0) * x[0] + before(a, 1) * x[1]);
                let share = 1.0 + x[0] * seen[0] + x[1] * seen[1];
                m.trace = [0, 1].map(|a| [0, 1].map(|b| moved[a][b] - seen[a] * seen[b] / share));
                m.change(|j, i, _| ([1.0, 2.0][j] - y[j]) * seen[i] / share);
            })
        },
        "sanger" => |text| {
            ruled(text, "sanger(rate = 0.1)", |m| {
                let (x, y, w) = (m.x, m.y, m.w);
                m.change(|j, i, _| {
                    let taken: f64 = (0..=j).map(|k| y[k] * w[k][i]).sum();
                    0.1 * y[j] * (x[i] - taken)
                });
            })
        },
        "synaptic_scaling" => |text| {
            ruled(text, "synaptic_scaling(goal = 0.4, rate = 0.1, tau = 3 steps)", |m| {
                let mean = m.average_post(|y| y);
                m.each_with(mean, |_, _, w, mean| 0.1 * w * (0.4 - mean));
            })
        },
        "three_factor" => |text| {
            ruled(text, "three_factor(wanted, rate = 0.1, tau = 3 steps)", |m| {
                let decay = (-1.0f64 / 3.0).exp();
                let (x, y) = (m.x, m.y);
                m.trace = [0, 1].map(|j| [0, 1].map(|i| decay * m.trace[j][i] + x[i] * y[j]));
                let trace = m.trace;
                m.change(|j, i, _| 0.1 * [1.0, 2.0][j] * trace[j][i]);
            })
        },
        _ => return None,
    })
}

/// Two units behind two inputs, in one step.
struct Model {
    x: [f64; 2],
    y: [f64; 2],
    w: [[f64; 2]; 2],
    b: [f64; 2],
    post: [f64; 2],
    pre: [f64; 2],
    trace: [[f64; 2]; 2],
}

impl Model {
    fn change(&mut self, dw: impl Fn(usize, usize, f64) -> f64) {
        self.w = [0, 1].map(|j| [0, 1].map(|i| self.w[j][i] + dw(j, i, self.w[j][i])));
    }

    fn each(&mut self, dw: fn(f64, f64, f64) -> f64) {
        let (x, y) = (self.x, self.y);
        self.change(|j, i, w| dw(x[i], y[j], w));
    }

    fn each_with(&mut self, of: [f64; 2], dw: fn(f64, f64, f64, f64) -> f64) {
        let (x, y) = (self.x, self.y);
        self.change(|j, i, w| dw(x[i], y[j], w, of[j]));
    }

    fn bias(&mut self, of: [f64; 2], db: fn(f64, f64) -> f64) {
        self.b = [0, 1].map(|j| self.b[j] + db(self.y[j], of[j]));
    }

    /// A running mean over three steps, brought up to date.
    fn average_post(&mut self, of: fn(f64) -> f64) -> [f64; 2] {
        self.post = [0, 1].map(|j| running(self.post[j], of(self.y[j])));
        self.post
    }

    fn average_pre(&mut self) -> [f64; 2] {
        self.pre = [0, 1].map(|i| running(self.pre[i], self.x[i]));
        self.pre
    }
}

fn running(mean: f64, value: f64) -> f64 {
    mean + (1.0 - (-1.0f64 / 3.0).exp()) * (value - mean)
}

fn ruled(text: &str, call: &str, step: fn(&mut Model)) -> Result<(), Fault> {
    let wanted = if call.contains("wanted") { "modulator wanted[2] = Place + 1\n" } else { "" };
    let outcome = run(&format!(
        "{text}\nconst Place[j = 2] = j\ndata d {{ samples 4, test 1, batch 1, ordered  x[k = 2] = 0.5 - 0.8 * k + 0.3 * index }}\n\
         region X[2] = d.x\nregion Y[2] = drive + 0.3 - 0.5 * Place\nconnect X -> Y : init 0.8\n{wanted}\
         metric m0 = (X -> Y)[0, 0]\nmetric m1 = (X -> Y)[0, 1]\nmetric m2 = (X -> Y)[1, 0]\nmetric m3 = (X -> Y)[1, 1]\n\
         metric m4 = Y[0]\nmetric m5 = Y[1]\ndevelopment {{ phase p for 4 steps {{ learn X -> Y by {call} }} }}"
    ))?;
    let mut model = Model {
        x: [0.0; 2],
        y: [0.0; 2],
        w: [[0.8; 2]; 2],
        b: [0.0; 2],
        post: [0.0; 2],
        pre: [0.0; 2],
        trace: [[0.0; 2]; 2],
    };
    for index in [0, 1, 2, 3] {
        model.see(index);
        step(&mut model);
    }
    model.see(0);
    let [w, y] = [[model.w[0], model.w[1]].concat(), model.y.to_vec()];
    compare(&outcome, "test", &[w, y].concat(), 1e-12)
}

impl Model {
    fn see(&mut self, index: usize) {
        self.x = [0, 1].map(|k| 0.5 - 0.8 * k as f64 + 0.3 * index as f64);
        self.y = [0, 1].map(|j| self.w[j][0] * self.x[0] + self.w[j][1] * self.x[1] + self.b[j] + 0.3 - 0.5 * j as f64);
    }
}
